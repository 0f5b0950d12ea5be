package auth_test

import (
	"slices"
	"strings"
	"testing"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

// world is one shop: its mode, its keys, whom it trusts. Worlds that share keys are tenants, applications or gateways behind one
// FusionAuth, which publishes the keys of all of them together.
type world struct {
	name          string
	iss           *authtest.Issuer
	userIssuer    string
	clientID      string
	gatewayIssuer string
	users         auth.KeySet
	gateway       auth.KeySet
}

// worlds are every mode and key type, and for one of them the neighbours that differ in a single thing.
func worlds(t testing.TB) []world {
	t.Helper()
	var list []world
	for _, algorithm := range auth.Algorithms() {
		list = append(list, newWorld(t, "mode of "+algorithm, newIssuer(t, algorithm)))
	}
	// The same kid in another shop is another key.
	list = append(list, newWorld(t, "another shop with ES256", newIssuer(t, "ES256")))
	home := list[1]
	for name, change := range map[string]func(*world){
		"another tenant":             func(w *world) { w.userIssuer = "https://tenant.example" },
		"another application":        func(w *world) { w.clientID = "3c219e58-ed0e-4b18-ad48-f4f92793ae32" },
		"another gateway's issuer":   func(w *world) { w.gatewayIssuer = "shop.example:443" },
		"another tenant and gateway": func(w *world) { w.userIssuer, w.gatewayIssuer = "https://tenant.example/2", "shop.example:8443" },
	} {
		neighbour := home
		neighbour.name = name
		change(&neighbour)
		list = append(list, neighbour)
	}
	return list
}

func newWorld(t testing.TB, name string, iss *authtest.Issuer) world {
	t.Helper()
	w := world{name: name, iss: iss, userIssuer: authtest.UserIssuer, clientID: authtest.ClientID, gatewayIssuer: authtest.GatewayIssuer}
	if iss.Users.Key.Public() == nil {
		shared := auth.StaticKeys(iss.Users.Key)
		w.users, w.gateway = shared, shared
		return w
	}
	published := auth.RemoteConfig{Now: iss.Now}
	w.users = auth.RemoteKeys(auth.At(authtest.Publish(t, iss.Users.Key).URL), published)
	w.gateway = auth.RemoteKeys(auth.At(authtest.Publish(t, iss.Gateway.Key).URL), published)
	return w
}

// places are where a token of the world can be shown: a service, or the gateway, which takes users' tokens alone.
func (w world) places(t testing.TB) map[string]*auth.Verifier {
	t.Helper()
	places := map[string]*auth.Verifier{}
	for _, service := range []string{"catalog", "inventory", "gateway"} {
		cfg := auth.Config{Users: auth.UserIssuer{Issuer: w.userIssuer, Audience: w.clientID, ApplicationID: w.clientID, Keys: w.users}, Now: w.iss.Now}
		if service != "gateway" {
			cfg.Gateway = auth.Issuer{Issuer: w.gatewayIssuer, Audience: service, Keys: w.gateway}
		}
		v, err := auth.NewVerifier(cfg)
		if err != nil {
			t.Fatal(err)
		}
		places[service] = v
	}
	return places
}

// tokens are by name, each with the places of its world that take it. All are admins, as far as they can be.
func (w world) tokens(t testing.TB) map[string]crossToken {
	t.Helper()
	iss := w.iss
	user := iss.UserClaims(authtest.Claims{"iss": w.userIssuer, "aud": w.clientID, "applicationId": w.clientID, "roles": []string{"admin"}})
	gateway := func(service string) authtest.Claims {
		return iss.GatewayClaims(service, product, authtest.Claims{"iss": w.gatewayIssuer})
	}
	with := func(claims, more authtest.Claims) authtest.Claims {
		all := authtest.Claims{}
		for _, c := range []authtest.Claims{claims, more} {
			for name, v := range c {
				all[name] = v
			}
		}
		return all
	}
	header := iss.UserHeader()
	tokens := map[string]crossToken{
		"user token":                      {iss.Users.Token(t, header, user), []string{"catalog", "gateway", "inventory"}},
		"user token, typ at+jwt":          {iss.Users.Token(t, iss.UserHeader(authtest.Claims{"typ": "at+jwt"}), user), []string{"catalog", "gateway", "inventory"}},
		"gateway token for catalog":       {iss.Gateway.Token(t, iss.GatewayHeader(), gateway("catalog")), []string{"catalog"}},
		"gateway token for inventory":     {iss.Gateway.Token(t, iss.GatewayHeader(), gateway("inventory")), []string{"inventory"}},
		"gateway token for the gateway":   {iss.Gateway.Token(t, iss.GatewayHeader(), gateway("gateway")), nil},
		"ID token":                        {iss.Users.Token(t, header, with(user, authtest.Claims{"at_hash": "AAAAAAAAAAAAAAAAAAAAAA", "nonce": "n"})), nil},
		"logout token":                    {iss.Users.Token(t, iss.UserHeader(authtest.Claims{"typ": "logout+jwt"}), user), nil},
		"user token as the gateway's":     {iss.Users.Token(t, iss.UserHeader(authtest.Claims{"typ": "gateway+jwt"}), user), nil},
		"gateway token as a user's":       {iss.Gateway.Token(t, iss.GatewayHeader(authtest.Claims{"typ": "JWT"}), gateway("catalog")), nil},
		"user token for catalog's aud":    {iss.Users.Token(t, header, with(user, authtest.Claims{"aud": "catalog"})), nil},
		"gateway token with user's aud":   {iss.Gateway.Token(t, iss.GatewayHeader(), gateway(w.clientID)), nil},
		"gateway token for two":           {iss.Gateway.Token(t, iss.GatewayHeader(), with(gateway("catalog"), authtest.Claims{"aud": []string{"catalog", "inventory"}})), nil},
		"user token, duplicate roles":     {iss.Users.RawToken(t, header.JSON(t), strings.Replace(user.JSON(t), "{", `{"roles":[],`, 1)), nil},
		"user token, folded iss":          {iss.Users.Token(t, header, with(user, authtest.Claims{"iss": "x", "ISS": w.userIssuer})), nil},
		"user token, unknown crit":        {iss.Users.Token(t, iss.UserHeader(authtest.Claims{"crit": []string{"tid"}, "tid": "x"}), user), nil},
		"gateway token, unknown crit":     {iss.Gateway.Token(t, iss.GatewayHeader(authtest.Claims{"crit": []string{"b64"}, "b64": false}), gateway("catalog")), nil},
		"gateway token of another's mind": {iss.Gateway.Token(t, iss.GatewayHeader(), with(gateway("catalog"), authtest.Claims{"htm": "DELETE"})), nil},
	}
	if iss.Users.Key.Public() != nil { // where one key is shared, nobody can tell who used it
		tokens["user token by the gateway"] = crossToken{iss.Gateway.Token(t, iss.UserHeader(authtest.Claims{"kid": iss.Gateway.Key.ID}), user), nil}
		tokens["gateway token by the users' key"] = crossToken{iss.Users.Token(t, iss.GatewayHeader(authtest.Claims{"kid": iss.Users.Key.ID}), gateway("catalog")), nil}
		tokens["user token by the gateway under the users' kid"] = crossToken{iss.Gateway.Token(t, header, user), nil}
	}
	return tokens
}

type crossToken struct {
	text string
	at   []string
}

// The cross table: what one place takes, every other one refuses.
func TestVerifier_crossTable(t *testing.T) {
	t.Parallel()
	all := worlds(t)
	tokens := map[string]map[string]crossToken{}
	for _, w := range all {
		tokens[w.name] = w.tokens(t)
	}
	cells, taken := 0, 0
	for _, there := range all {
		for service, v := range there.places(t) {
			for _, here := range all {
				for name, token := range tokens[here.name] {
					want := here.name == there.name && slices.Contains(token.at, service) || sharesUsers(here, there, token) || sharesGateway(here, there, token, service)
					cells++
					for range 2 { // the second time from what is remembered, if it is
						_, err := v.Verify(t.Context(), token.text, product)
						if (err == nil) != want || err != nil && !refused(err) {
							t.Errorf("%s of %s at %s of %s: %v, want it taken: %v", name, here.name, service, there.name, err, want)
						}
					}
					if want {
						taken++
					}
				}
			}
		}
	}
	if cells < 3000 || taken < len(all)*8 {
		t.Errorf("%d cells, %d of them taken", cells, taken)
	}
	t.Logf("%d cells, %d of them taken, all others refused", cells, taken)
}

// sharesUsers: the neighbours of one FusionAuth that trust the same tenant and application take the same users.
func sharesUsers(a, b world, token crossToken) bool {
	return a.name != b.name && a.iss == b.iss && a.userIssuer == b.userIssuer && a.clientID == b.clientID && len(token.at) == 3
}

// sharesGateway: and those behind one gateway the same gateway tokens.
func sharesGateway(a, b world, token crossToken, service string) bool {
	return a.name != b.name && a.iss == b.iss && a.gatewayIssuer == b.gatewayIssuer && len(token.at) == 1 && token.at[0] == service
}

// The table of bad tokens, against keys that are published over HTTP, with each type of key.
func TestVerifier_rejectsWithPublishedKeys(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
		iss := newIssuer(t, algorithm)
		w := newWorld(t, algorithm, iss)
		v := w.places(t)["catalog"]
		good := iss.UserToken(t, authtest.Claims{"roles": []string{"admin"}})
		warm(t, v, good)
		for _, a := range attacks() {
			if strings.HasPrefix(a.name, "T1 alg "+algorithm+",") {
				continue // with this key that is no attack
			}
			if p, err := v.Verify(t.Context(), a.token(t, iss), product); !refused(err) {
				t.Errorf("%s: %s: Verify = %+v, %v, want a refusal", algorithm, a.name, p, err)
			}
		}
		if _, err := v.Verify(t.Context(), good, product); err != nil {
			t.Errorf("%s: after all attacks: Verify(good token) = %v", algorithm, err)
		}
	}
}
