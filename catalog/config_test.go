package main

import (
	"testing"

	"storefront/shared/config"
	"storefront/shared/config/configtest"
)

func TestSettings_areInTheREADME(t *testing.T) {
	t.Parallel()
	s := config.Read(nil)
	declare(s)
	configtest.MatchREADME(t, "../README.md", "catalog", s.Declared())
}
