package database

import (
	"errors"
	"strings"

	"storefront/shared/config"
)

// errURL never shows the URL, which may hold a password.
var errURL = errors.New("is neither sqlite:PATH, such as sqlite:/data/shop.db, nor postgres://user@host/name")

// parse gives the engine that the URL names.
func parse(url config.Secret, opt Options) (engine, error) {
	scheme, rest, _ := strings.Cut(string(url), ":")
	switch scheme {
	case "sqlite":
		return newSQLite(rest, opt)
	case "postgres", "postgresql":
		return newPostgres(string(url), opt)
	default:
		return nil, errURL
	}
}
