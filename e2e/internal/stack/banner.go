package stack

import (
	"fmt"
	"strings"
)

// Banner is what a newcomer reads when all is ready: where to go, as whom, and what to try.
func (s *Stack) Banner(secretsDir string) string {
	var b strings.Builder
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format+"\n", args...) }
	gateway := s.URL(Gateway)
	rule := strings.Repeat("─", 78)
	line("\n%s", rule)
	line("  The shop is open: %s", gateway)
	line("\n  Sign in as")
	for _, u := range demoUsers {
		line("    %-21s %-24s %s, %s", u.email, s.cfg.Secrets[passwordName(u.name)], u.role, u.may)
	}
	line("\n  Try")
	line("    curl -s %s/products/1", gateway)
	line("    curl -si %s/me    # 401: nobody is signed in", gateway)
	line(`    curl -s -H "Authorization: Bearer $(%sgo run ./e2e token manager)" %s/branches/1/products`, s.portSetting(), gateway)
	line("\n  Ports     gateway %s, catalog %s, inventory %s, identity %s", s.port(Gateway), s.port(Catalog), s.port(Inventory), s.port(Identity))
	line("  Identity  %s is a local stand-in for FusionAuth, for development alone", s.URL(Identity))
	line("  Secrets   %s; made for this machine and kept, delete them for new ones", secretsDir)
	line("  Ctrl-C    stops all four")
	line("%s\n", rule)
	return b.String()
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
