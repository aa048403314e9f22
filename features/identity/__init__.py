"""Who is who: the persons of a shop's channels as members, with ids that stay."""
