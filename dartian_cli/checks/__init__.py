"""What ``dartian doctor`` looks at, one file a subject; nothing here changes anything."""
