package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// namespaces are the first words that make a name ours: a name that begins with one of them and that nobody reads is a fault.
var namespaces = []string{"AUTH_", "CATALOG_", "FUSIONAUTH_", "GATEWAY_", "ID_TOKEN_", "INVENTORY_", "JWT_", "OIDC_", "ROLES_", "SESSION_", "UPSTREAM_"}

// elsewhere are the names in our namespaces that other parts of the system read. An operator may export one environment to
// all of them, so a service does not complain of its siblings' settings.
var elsewhere = []string{
	"AUTH_MODE", "CATALOG_DATABASE_URL", "CATALOG_URL", "FUSIONAUTH_API_KEY", "FUSIONAUTH_CLIENT_ID", "FUSIONAUTH_CLIENT_SECRET",
	"FUSIONAUTH_DATABASE_PASSWORD", "FUSIONAUTH_IMAGE", "FUSIONAUTH_ISSUER", "FUSIONAUTH_PUBLIC_URL", "FUSIONAUTH_URL", "GATEWAY_ISSUER", "GATEWAY_JWKS_URL", "GATEWAY_LOGOUT_URL",
	"GATEWAY_POST_LOGOUT_URL", "GATEWAY_REDIRECT_URL", "GATEWAY_SIGNING_KEYS", "GATEWAY_TOKEN_SOURCE", "GATEWAY_URL", "GATEWAY_WEBHOOK_URL",
	"ID_TOKEN_ALGS", "INVENTORY_DATABASE_URL", "INVENTORY_URL", "JWT_SIGNING_KEY", "OIDC_SCOPES", "ROLES_CLAIM", "SESSION_IDLE", "SESSION_LIFETIME", "SESSION_SECRET", "SESSION_STORE",
	"UPSTREAM_CONCURRENCY", "UPSTREAM_TIMEOUT",
}

// foreign matches names in our namespaces that others own: FusionAuth's own settings, the desktop's and CGI's, and the variables that Kubernetes sets in
// every container for each service of its namespace (GATEWAY_PORT_3000_TCP_ADDR).
var foreign = regexp.MustCompile(`^FUSIONAUTH_APP_|^SESSION_MANAGER$|^GATEWAY_INTERFACE$|^AUTH_TOKEN$|_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT(_[0-9]+_(TCP|UDP)(_PROTO|_PORT|_ADDR)?)?$`)

// unknown returns a fault for each name of the environment that looks like a setting and is none.
func (s *Settings) unknown() []error {
	var faults []error
	for _, name := range s.names {
		if s.reads(name) || foreign.MatchString(name) {
			continue
		}
		if near := s.nearest(name); near != "" {
			faults = append(faults, fmt.Errorf("%s: no such setting; did you mean %s?", name, near))
		} else if ours(name) {
			faults = append(faults, fmt.Errorf("%s: no such setting; the README lists them all", name))
		}
	}
	return faults
}

func (s *Settings) reads(name string) bool {
	base := strings.TrimSuffix(name, fileSuffix)
	known := func(n string) bool {
		return slices.Contains(elsewhere, n) || slices.ContainsFunc(s.declared, func(d Setting) bool { return d.Name == n })
	}
	return known(name) || known(base)
}

func ours(name string) bool {
	return slices.ContainsFunc(namespaces, func(ns string) bool { return strings.HasPrefix(name, ns) })
}

// nearest gives the setting that name most likely means: closest by edits, within a sixth of its length (a third in our own
// namespaces, where the first word already says that we are meant), or "".
func (s *Settings) nearest(name string) string {
	upper := strings.ToUpper(name)
	limit := len(name) / 6
	if ours(upper) {
		limit = len(name) / 3
	}
	best := ""
	for _, known := range s.candidates() {
		if d := distance(upper, known); d <= limit {
			best, limit = known, d-1
		}
	}
	return best
}

func (s *Settings) candidates() []string {
	names := slices.Clone(elsewhere)
	for _, d := range s.declared {
		names = append(names, d.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// distance is the number of insertions, deletions, substitutions and swaps of neighbours that make a into b (optimal string
// alignment): the slips of a typing hand.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
