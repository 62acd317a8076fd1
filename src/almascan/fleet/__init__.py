"""Many institutions on many machines: workers that share one journal on PostgreSQL."""
