"""Reports as text and as JSON. A renderer prints; it judges nothing."""
