package login_test

import (
	"testing"

	"storefront/gateway/internal/login"
)

func TestNew_refuses(t *testing.T) {
	t.Parallel()
	if _, err := login.New(login.Config{}); err == nil {
		t.Error("New of nothing = nil error")
	}
}
