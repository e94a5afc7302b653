"""What make and continuous integration use around the project. Nothing here is part of a running Hotline."""
