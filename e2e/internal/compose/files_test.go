package compose_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"storefront/e2e/internal/compose"
	"storefront/e2e/internal/stack"
)

// variants are the demo with FusionAuth and with the stand-in.
func variants(t testing.TB) map[string]compose.Config {
	t.Helper()
	p := tree(t)
	configs := map[string]compose.Config{}
	for name, v := range map[string]compose.Project{
		"FusionAuth": {}, "stand-in": {Local: true}, "FusionAuth, jwks": {JWKS: true}, "stand-in, jwks": {Local: true, JWKS: true},
	} {
		p.Local, p.JWKS = v.Local, v.JWKS
		config, err := p.Config(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		configs[name] = config
	}
	return configs
}

func TestFiles_areAcceptedAsTheyStand(t *testing.T) {
	t.Parallel()
	p := tree(t)
	p.Name = ""
	for _, p.Local = range []bool{false, true} {
		if _, err := p.Output(t.Context(), "config", "--quiet"); err != nil {
			t.Errorf("local %t: %v", p.Local, err)
		}
	}
}

func TestFiles_nameEveryImageInFull(t *testing.T) {
	t.Parallel()
	full := regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+/[a-z0-9-]+/[a-z0-9-]+:[A-Za-z0-9][A-Za-z0-9._-]*$`)
	for variant, config := range variants(t) {
		for name, svc := range config.Services {
			if !full.MatchString(svc.Image) || strings.HasSuffix(svc.Image, ":latest") {
				t.Errorf("%s: image of %s is %q: registry, path and a version are expected", variant, name, svc.Image)
			}
		}
	}
}

func TestFiles_publishOnLoopbackAlone(t *testing.T) {
	t.Parallel()
	for variant, config := range variants(t) {
		var published []string
		for name, svc := range config.Services {
			for _, port := range svc.Ports {
				published = append(published, name)
				if port.HostIP != "127.0.0.1" {
					t.Errorf("%s: %s publishes port %s on %q", variant, name, port.Published, port.HostIP)
				}
			}
		}
		slices.Sort(published)
		if diff := cmp.Diff([]string{"fusionauth", "gateway"}, published); diff != "" {
			t.Errorf("%s: services with a published port (-want +got):\n%s", variant, diff)
		}
	}
}

func TestFiles_mountReadOnly(t *testing.T) {
	t.Parallel()
	for variant, config := range variants(t) {
		for name, svc := range config.Services {
			for _, v := range svc.Volumes {
				if v.Type == "bind" && (!v.ReadOnly || v.Bind.SELinux != "z") {
					t.Errorf("%s: %s mounts %s without ro,z", variant, name, v.Source)
				}
			}
		}
	}
}

// Who can talk to whom is what the networks say: catalog and inventory cannot be reached but by the gateway and FusionAuth, nor FusionAuth's
// database but by FusionAuth, and only edge leads out of the machine.
func TestFiles_connectNobodyElse(t *testing.T) {
	t.Parallel()
	for variant, config := range variants(t) {
		want := map[string][]string{
			"edge":     {"e2e", "fusionauth", "gateway"},
			"services": {"catalog", "e2e", "gateway", "inventory"},
			"identity": {"catalog", "e2e", "fusionauth", "gateway", "inventory"},
		}
		if strings.HasPrefix(variant, "FusionAuth") {
			want["db"] = []string{"db", "fusionauth"}
		}
		got := map[string][]string{}
		for _, name := range slices.Sorted(maps.Keys(config.Services)) {
			for network := range config.Services[name].Networks {
				got[network] = append(got[network], name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: members of the networks (-want +got):\n%s", variant, diff)
		}
		for name, network := range config.Networks {
			if network.Internal != (name != "edge") {
				t.Errorf("%s: network %s: internal is %t", variant, name, network.Internal)
			}
		}
	}
}

// Whatever we build runs without privileges and cannot write to its own file system.
func TestFiles_giveOurContainersNothing(t *testing.T) {
	t.Parallel()
	for variant, config := range variants(t) {
		for name, svc := range config.Services {
			if svc.Build == nil {
				continue
			}
			if !svc.ReadOnly || !slices.Contains(svc.CapDrop, "ALL") || !slices.Contains(svc.SecurityOpt, "no-new-privileges:true") {
				t.Errorf("%s: %s: read-only %t, dropped %v, security %v", variant, name, svc.ReadOnly, svc.CapDrop, svc.SecurityOpt)
			}
		}
	}
}

func kickstart(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(tree(t).Root, "fusionauth", "kickstart", "kickstart.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// FusionAuth does not say what it makes of a variable that is not set: none may be.
func TestFiles_setWhatTheKickstartAsksFor(t *testing.T) {
	t.Parallel()
	asked := regexp.MustCompile(`#\{ENV\.(\w+)\}`).FindAllStringSubmatch(kickstart(t), -1)
	if len(asked) < 10 {
		t.Fatalf("the kickstart asks for %d variables; it should be more", len(asked))
	}
	for variant, config := range variants(t) {
		env := config.Services[stack.Identity].Environment
		for _, name := range asked {
			if env[name[1]] == "" {
				t.Errorf("%s: %s, which kickstart.json asks for, is not in the environment of fusionauth", variant, name[1])
			}
		}
	}
}

// What the kickstart gives FusionAuth and what the services expect are the same ids, addresses and secrets.
func TestFiles_tellFusionAuthAndTheServicesTheSame(t *testing.T) {
	t.Parallel()
	variable := func(name string) string {
		found := regexp.MustCompile(`"` + name + `": "([^"]+)"`).FindStringSubmatch(kickstart(t))
		if found == nil {
			t.Fatalf("kickstart.json has no variable %s", name)
		}
		return found[1]
	}
	for variant, config := range variants(t) {
		identity, gateway := config.Services[stack.Identity].Environment, config.Services[stack.Gateway].Environment
		same := func(what, got, want string) {
			if got != want || want == "" {
				t.Errorf("%s: %s is %q, want %q", variant, what, got, want)
			}
		}
		same("the application", variable("applicationId"), stack.ClientID) // which the services have as their default
		key := "hmacKeyId"
		if jwks(variant) {
			key = "rsaKeyId"
		}
		same("the key of access tokens", identity["ACCESS_TOKEN_KEY_ID"], variable(key))
		same("the client secret", identity["FUSIONAUTH_CLIENT_SECRET"], gateway["FUSIONAUTH_CLIENT_SECRET"])
		same("the redirect", identity["GATEWAY_REDIRECT_URL"], gateway["GATEWAY_URL"]+"/oauth-redirect")
		same("the front-channel logout", identity["GATEWAY_LOGOUT_URL"], gateway["GATEWAY_URL"]+"/logout/frontchannel")
		same("the webhook", identity["GATEWAY_WEBHOOK_URL"], "http://gateway:3000/webhooks/fusionauth")
		same("the way back from a logout", identity["GATEWAY_POST_LOGOUT_URL"], gateway["GATEWAY_URL"]+"/")
		for _, name := range []string{stack.Gateway, stack.Catalog, stack.Inventory} {
			env := config.Services[name].Environment
			if !jwks(variant) {
				same("signing key of "+name, env["JWT_SIGNING_KEY"], identity["JWT_SIGNING_KEY"])
			}
			same("issuer of "+name, env["FUSIONAUTH_ISSUER"], identity["FUSIONAUTH_ISSUER"])
			same("the browsers' address in "+name, env["FUSIONAUTH_PUBLIC_URL"], identity["FUSIONAUTH_ISSUER"])
			same("the containers' address in "+name, env["FUSIONAUTH_URL"], "http://fusionauth:9011")
			same("client id of "+name, env["FUSIONAUTH_CLIENT_ID"]+stack.ClientID, stack.ClientID)
		}
	}
}

func jwks(variant string) bool { return strings.HasSuffix(variant, "jwks") }

// With AUTH_MODE=jwks no secret is known to two of the services: what each has in its environment, it has alone.
func TestFiles_shareNoSecretInJWKSMode(t *testing.T) {
	t.Parallel()
	secret := regexp.MustCompile(`(KEY|SECRET|PASSWORD)$`)
	for variant, config := range variants(t) {
		if !jwks(variant) {
			continue
		}
		for _, name := range []string{stack.Gateway, stack.Catalog, stack.Inventory} {
			env := config.Services[name].Environment
			if env["AUTH_MODE"] != "jwks" {
				t.Errorf("%s: AUTH_MODE of %s is %q", variant, name, env["AUTH_MODE"])
			}
			for setting, value := range env {
				if value != "" && secret.MatchString(setting) && (name != stack.Gateway || setting != "FUSIONAUTH_CLIENT_SECRET") {
					t.Errorf("%s: %s knows %s", variant, name, setting)
				}
			}
		}
	}
}
