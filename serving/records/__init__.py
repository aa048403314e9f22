"""Operational records: keys, audiences, idempotency, the recommendation log and the audit trail."""
