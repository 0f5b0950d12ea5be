package stack

import (
	"fmt"
	"strings"
)

// Shop is what a banner says of a running system. Lines says what is particular to the way in which it runs, each with its label.
type Shop struct {
	Gateway string  // where browsers go
	People  Secrets // the passwords of the demo users
	Token   string  // the command that prints an access token of the user whose name is put behind it
	Lines   [][2]string
}

// Banner is what a newcomer reads when all is ready: where to go, as whom, and what to try.
func (s Shop) Banner() string {
	var b strings.Builder
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format+"\n", args...) }
	rule := strings.Repeat("─", 78)
	line("\n%s", rule)
	line("  The shop is open: %s", s.Gateway)
	line("\n  Sign in as")
	for _, u := range demoUsers {
		line("    %-21s %-24s %s, %s", u.email, s.People[passwordName(u.name)], u.role, u.may)
	}
	line("\n  Try")
	line("    curl -s %s/products/1", s.Gateway)
	line("    curl -si %s/me    # 401: nobody is signed in", s.Gateway)
	line(`    curl -s -H "Authorization: Bearer $(%s manager)" %s/branches/1/products`, s.Token, s.Gateway)
	line("")
	for _, l := range s.Lines {
		line("  %-9s %s", l[0], l[1])
	}
	line("%s\n", rule)
	return b.String()
}

// Banner is the banner of a stack in this terminal.
func (s *Stack) Banner(secretsDir string) string {
	return Shop{
		Gateway: s.URL(Gateway), People: s.cfg.Secrets, Token: s.portSetting() + "go run ./e2e token",
		Lines: [][2]string{
			{"Ports", fmt.Sprintf("gateway %s, catalog %s, inventory %s, identity %s", s.port(Gateway), s.port(Catalog), s.port(Inventory), s.port(Identity))},
			{"Identity", s.URL(Identity) + " is a local stand-in for FusionAuth, for development alone"},
			{"Secrets", secretsDir + "; made for this machine and kept, delete them for new ones"},
			{"Ctrl-C", "stops all four"},
		},
	}.Banner()
}

func (s *Stack) port(name string) string {
	url := s.URL(name)
	return url[strings.LastIndexByte(url, ':')+1:]
}

// portSetting is what goes before a command so that it finds a demo on other ports.
func (s *Stack) portSetting() string {
	if s.cfg.Base == DefaultBase {
		return ""
	}
	return fmt.Sprintf("DEMO_PORT_BASE=%d ", s.cfg.Base)
}
