package chrome_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"storefront/e2e/internal/chrome"
)

// A machine without a browser gets one, or is told how.
func TestFind(t *testing.T) {
	t.Parallel()
	refused := errors.New("only root can install it")
	for _, tt := range []struct {
		name      string
		has, gets string // the browser that is there, and the one that is installed
		err       error  // of installing
		want      string // the path, or what the error says
	}{
		{"Debian's", "chromium", "", refused, "/bin/chromium"},
		{"another system's", "google-chrome", "", refused, "/bin/google-chrome"},
		{"none, and it can be installed", "", "chromium", nil, "/bin/chromium"},
		{"none, and nobody may install it", "", "", refused, "chromium fonts-dejavu-core): only root can install it"},
		{"none, even after installing", "", "", nil, "there is no chromium even after apt-get install"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			there := tt.has
			look := func(name string) (string, error) {
				if name != there {
					return "", errors.New("not found")
				}
				return "/bin/" + name, nil
			}
			path, err := chrome.Find(t.Context(), look, func(context.Context) error {
				there = tt.gets
				return tt.err
			})
			got := path
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, tt.want) || (err == nil) != strings.HasPrefix(tt.want, "/") {
				t.Errorf("find = %q, %v, want %q", path, err, tt.want)
			}
		})
	}
}
