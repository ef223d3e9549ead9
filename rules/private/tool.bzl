"""How every rule runs the command behind it."""

# Python's own environment can't reach an action: the tools run with none.
_ENVIRONMENT = {"LC_ALL": "C.UTF-8"}

# No output says in which configuration it was made, so that what configurations have in common may be
# made once for all of them (docs/remote.md).
_REQUIREMENTS = {"supports-path-mapping": "1"}

# Where the macro relocatable_dist puts what it makes for a platform: before the names of targets and files,
# which keep their own (rules/private/install.bzl).
FOR_PLATFORM = "for_platform/"

def shown_label(label):
    """Returns a label as its user knows it: what a macro put into it is left out.

    Args:
        label: Label.

    Returns:
        string.
    """
    return str(label).removeprefix("@@").replace(":" + FOR_PLATFORM, ":")

def dist_name(ctx):
    """Returns a dist's name as its user knows it.

    Args:
        ctx: the context of a rule that makes a dist.

    Returns:
        string.
    """
    return ctx.label.name.removeprefix(FOR_PLATFORM)

def tool(name):
    """Returns the attribute for a tool; the attribute is called `_NAME`.

    Args:
        name: of a `py_binary` in //tools.

    Returns:
        Attribute.
    """
    return attr.label(
        default = Label("//tools:" + name),
        executable = True,
        cfg = "exec",
    )

def tool_args(ctx):
    """Returns an Args object that passes everything in a flag file.

    Paths go into it as Files: a path that is a string is not mapped.

    Args:
        ctx: the rule's context.

    Returns:
        Args: to be filled with flags only.
    """
    args = ctx.actions.args()
    args.use_param_file("--flagfile=%s", use_always = True)
    args.set_param_file_format("multiline")
    args.add("--label=" + shown_label(ctx.label))
    return args

def run_tool(ctx, name, arguments, inputs, outputs, progress_message, resource_set = None):
    """Declares an action that runs a tool, with the tool's name in CamelCase as its mnemonic.

    Args:
        ctx: the rule's context.
        name: of the tool, which the rule has an attribute for.
        arguments: list of Args.
        inputs: list or depset of File.
        outputs: list of File.
        progress_message: what Bazel says while it runs.
        resource_set: what it needs of the machine, if more than a core and 250 MB: a function from the
            operating system and the number of inputs to a dict.
    """
    ctx.actions.run(
        executable = getattr(ctx.executable, "_" + name),
        arguments = arguments,
        inputs = inputs,
        outputs = outputs,
        env = _ENVIRONMENT,
        execution_requirements = _REQUIREMENTS,
        mnemonic = "".join([word.capitalize() for word in name.split("_")]),
        progress_message = progress_message,
        resource_set = resource_set,
    )
