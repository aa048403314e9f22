"""The HTTP API: thin routes over the engine, the records and the job queue."""
