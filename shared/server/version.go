package server

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// Commit is what a build says that has no repository to ask, as in an image: -ldflags "-X storefront/shared/server.Commit=…".
var Commit string

// Version is what a program says of itself: its name, the commit that it is built from, and what built it.
func Version(name string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	setting := map[string]string{}
	for _, s := range info.Settings {
		setting[s.Key] = s.Value
	}
	return describe(name, info.Main.Version, cmp.Or(Commit, setting["vcs.revision"]), setting["vcs.modified"] == "true")
}

func describe(name, version, commit string, modified bool) string {
	text := name
	if version != "" && version != "(devel)" {
		text += " " + version
	}
	text += ", commit " + cmp.Or(commit, "unknown")
	if modified {
		text += " with changes"
	}
	return fmt.Sprintf("%s, %s %s/%s", text, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
