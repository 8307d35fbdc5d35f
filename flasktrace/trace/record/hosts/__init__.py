"""What differs between the apps that can be watched."""
