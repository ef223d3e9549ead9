"""Settings that only rules set, by transitions."""

bool_setting = rule(
    implementation = lambda _ctx: [],
    doc = "A setting of the configuration, true or false.",
    build_setting = config.bool(),
)
