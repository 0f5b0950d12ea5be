package main

import (
	"context"
	"path/filepath"

	"github.com/golang-jwt/jwt/v5"

	"storefront/e2e/internal/matrix"
	"storefront/e2e/internal/stack"
)

// knownKeys are the private keys of a stack of our own in jwks mode, with which the matrix signs what it has changed. The zero value is
// hmac mode, whose key is a secret like any other.
type knownKeys struct{ user, gateway *matrix.Key }

// userKID is the kid of the known key that signs user tokens.
const userKID = "known-to-the-matrix"

// makeKeys makes keys of the algorithm, one for user tokens and one for the gateway's, and lets the stack use them.
func makeKeys(ctx context.Context, root, dir, algorithm string, cfg *stack.Config) (knownKeys, error) {
	cfg.UserKey, cfg.Keys = algorithm, filepath.Join(dir, "keys")
	kickstart, user, err := stack.ImportUserKey(root, dir, algorithm, userKID)
	if err != nil {
		return knownKeys{}, err
	}
	cfg.Override = map[string]map[string]string{stack.Identity: {"KICKSTART_FILE": kickstart}}
	if err := stack.OpenKeys(ctx, cfg.Bin, cfg.Keys, algorithm); err != nil {
		return knownKeys{}, err
	}
	kid, gateway, err := stack.ReadKey(cfg.Keys)
	if err != nil {
		return knownKeys{}, err
	}
	method := jwt.GetSigningMethod(algorithm)
	return knownKeys{&matrix.Key{ID: userKID, Method: method, Private: user}, &matrix.Key{ID: kid, Method: method, Private: gateway}}, nil
}

// of tells the target its keys.
func (k knownKeys) of(target *matrix.Target) {
	if k.user == nil {
		return
	}
	target.SigningKey, target.UserKey, target.GatewayKey = "", k.user, k.gateway
}
