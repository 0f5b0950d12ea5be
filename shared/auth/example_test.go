package auth_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"storefront/shared/auth"
)

// The gateway signs a token for one request; the catalog lets that request pass, and no other.
func Example() {
	secret := []byte(strings.Repeat("only an example ", 2)) // JWT_SIGNING_KEY
	gatewayKey, err := auth.HMACSigningKey("gateway-hs256-1", secret)
	if err != nil {
		log.Fatal(err)
	}
	signer, err := auth.NewSigner(auth.SignerConfig{Key: gatewayKey.Always, Issuer: "localhost:3000"})
	if err != nil {
		log.Fatal(err)
	}
	keys := auth.StaticKeys(gatewayKey.Key)
	catalog, err := auth.NewVerifier(auth.Config{
		Users: auth.UserIssuer{
			Issuer:        "http://localhost:9011",
			Audience:      "e9fdb985-9173-4e01-9d73-ac2d60d1dc8e",
			ApplicationID: "e9fdb985-9173-4e01-9d73-ac2d60d1dc8e",
			Keys:          keys,
		},
		Gateway: auth.Issuer{Issuer: "localhost:3000", Audience: "catalog", Keys: keys},
	})
	if err != nil {
		log.Fatal(err)
	}

	request := auth.Target{Method: "GET", URI: "/products/7"}
	token, err := signer.Sign("catalog", request)
	if err != nil {
		log.Fatal(err)
	}
	caller, err := catalog.Verify(context.Background(), token, request)
	fmt.Println(caller.Subject, caller.Roles, err)
	_, err = catalog.Verify(context.Background(), token, auth.Target{Method: "GET", URI: "/products/8"})
	fmt.Println(err)
	// Output:
	// gateway [] <nil>
	// token refused: bad_binding
}
