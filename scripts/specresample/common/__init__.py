"""Used everywhere: errors for the user, files, arrays, angles on the sky, names."""
