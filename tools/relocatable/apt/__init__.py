"""What apt knows, without apt: which archives a machine uses, their indices, what needs what."""
