package database

// Replace is what puts a restored file in place.
var Replace = replace
