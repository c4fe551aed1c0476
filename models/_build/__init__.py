"""What the build scripts of the shipped models share."""
