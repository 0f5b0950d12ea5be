package server

// Describe is describe.
func Describe(name, version, commit string, modified bool) string {
	return describe(name, version, commit, modified)
}
