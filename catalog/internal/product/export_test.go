package product

// Statement lets the test of plans see the SQL.
var Statement = statement
