package main

// What the tests share with the command.
var (
	RolesYAML   = rolesYAML
	StackTarget = stackTarget
	ConnectTo   = connectTo
	OpenArena   = openArena
	HostOf      = hostOf
)
