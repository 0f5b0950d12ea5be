package main_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The article's story, told by the system itself: who gets what, and which token of whom goes where. No token is shown whole.
func TestTour(t *testing.T) {
	t.Parallel()
	c := use(t)
	cmd := exec.CommandContext(t.Context(), filepath.Join(c.bin(), "e2e"), "tour")
	cmd.Dir = c.root
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	got := regexp.MustCompile(`GET \S+ → \d+|"typ": "[^"]+"|"(?:htm|applicationId)"`).FindAllString(string(text), -1)
	want := []string{
		"GET /products/1 → 200", `"typ": "gateway+jwt"`, `"htm"`,
		"GET /branches/1/products → 401", "GET /branches/1/products → 403",
		"GET /branches/1/products → 200", `"typ": "JWT"`, `"applicationId"`,
		"GET /branches/1/products → 401",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the story (-want +got):\n%s\n%s", diff, text)
	}
	if strings.Contains(string(text), "eyJ") {
		t.Errorf("a token stands in it:\n%s", text)
	}
}
