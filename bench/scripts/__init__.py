"""What people write instead: scripts and other clients that scan the same list in at the same simulator."""
