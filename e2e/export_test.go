package main

// RolesYAML and StackTarget are what the tests of the matrix share with the command.
var (
	RolesYAML   = rolesYAML
	StackTarget = stackTarget
)
