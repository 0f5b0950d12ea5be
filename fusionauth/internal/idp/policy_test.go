package idp_test

import (
	"net/http"
	"testing"
)

// TestClientAuthenticationPolicy is FusionAuth's table of when the client secret is required.
func TestClientAuthenticationPolicy(t *testing.T) {
	t.Parallel()
	public := params{"basic": "-", "client_id": clientID}
	noPKCE := params{"code_challenge": "-", "code_challenge_method": "-"}
	for _, tt := range []struct {
		policy                           string
		withPKCE, withoutPKCE, refreshed int
	}{
		{"Required", http.StatusUnauthorized, http.StatusUnauthorized, http.StatusUnauthorized},
		{"NotRequired", http.StatusOK, http.StatusOK, http.StatusOK},
		{"NotRequiredWhenUsingPKCE", http.StatusOK, http.StatusUnauthorized, http.StatusOK},
	} {
		t.Run(tt.policy, func(t *testing.T) {
			t.Parallel()
			s := start(t, variant{edit: func(d document) {
				d.oauth()["clientAuthenticationPolicy"] = tt.policy
				d.oauth()["proofKeyForCodeExchangePolicy"] = "NotRequired"
			}})
			if got := s.exchange(t, s.code(t, admin, nil), public); got.status != tt.withPKCE {
				t.Errorf("code with PKCE, no secret = %d, want %d", got.status, tt.withPKCE)
			}
			withoutVerifier := params{"basic": "-", "client_id": clientID, "code_verifier": "-"}
			if got := s.exchange(t, s.code(t, admin, noPKCE), withoutVerifier); got.status != tt.withoutPKCE {
				t.Errorf("code without PKCE, no secret = %d, want %d", got.status, tt.withoutPKCE)
			}
			tokens := s.login(t, admin, nil)
			if got := s.refresh(t, tokens.RefreshToken, public); got.status != tt.refreshed {
				t.Errorf("refresh without secret = %d, want %d", got.status, tt.refreshed)
			}
			wrong := params{"basic": clientID + ":wrong"}
			oauthFault(t, s.refresh(t, tokens.RefreshToken, wrong), http.StatusUnauthorized, "invalid_client", "invalid_client_authentication")
		})
	}
}

func TestPKCEPolicy(t *testing.T) {
	t.Parallel()
	noPKCE := params{"code_challenge": "-", "code_challenge_method": "-"}
	noVerifier := params{"code_verifier": "-"}
	public := params{"basic": "-", "client_id": clientID, "code_verifier": "-"}
	start := func(t *testing.T, policy string) *site {
		return start(t, variant{edit: func(d document) {
			d.oauth()["clientAuthenticationPolicy"] = "NotRequired"
			d.oauth()["proofKeyForCodeExchangePolicy"] = policy
		}})
	}
	t.Run("NotRequired", func(t *testing.T) {
		t.Parallel()
		s := start(t, "NotRequired")
		if got := s.exchange(t, s.code(t, admin, noPKCE), public); got.status != http.StatusOK {
			t.Errorf("no PKCE, no secret = %d %s", got.status, got.text)
		}
		// A challenge that was sent binds, whatever the policy.
		oauthFault(t, s.exchange(t, s.code(t, admin, nil), noVerifier), 400, "invalid_request", "missing_code_verifier")
		// A verifier without a challenge: an attacker has taken the challenge out of the request (RFC 9700 §4.8.2).
		oauthFault(t, s.exchange(t, s.code(t, admin, noPKCE), nil), 400, "invalid_grant", "invalid_pkce_code_verifier")
	})
	t.Run("NotRequiredWhenUsingClientAuthentication", func(t *testing.T) {
		t.Parallel()
		s := start(t, "NotRequiredWhenUsingClientAuthentication")
		if got := s.exchange(t, s.code(t, admin, noPKCE), noVerifier); got.status != http.StatusOK {
			t.Errorf("no PKCE with the secret = %d %s", got.status, got.text)
		}
		oauthFault(t, s.exchange(t, s.code(t, admin, noPKCE), public), 400, "invalid_request", "missing_code_verifier")
	})
}
