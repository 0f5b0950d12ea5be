package revocation

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/gin-gonic/gin"

	"storefront/shared/auth"
)

// SignatureHeader carries a JWT over the hash of the body (FusionAuth 1.48 and later).
const SignatureHeader = "X-FusionAuth-Signature-JWT"

// hashClaim is the SHA-256 of the body in standard base64 with padding. It is also what tells a signature from an access
// token, which the same keys may sign.
const hashClaim = "request_body_sha256"

// maxBody bounds an event: it may hold a whole user, with all that applications have stored there.
const maxBody = 256 << 10

// The reasons why a message is not taken.
var (
	errUnsigned  = errors.New("message is not signed by the identity server")
	errTooLarge  = errors.New("message is too large")
	errMediaType = errors.New("message is not JSON by its type")
	errMalformed = errors.New("message is malformed")
)

// signedBody returns the body once it is known to be FusionAuth's. Nothing of it is read before the signature holds, so
// that strangers cannot make us read.
func (w *Webhook) signedBody(c *gin.Context) ([]byte, error) {
	signed, err := w.signedHash(c.Request)
	if err != nil {
		return nil, err
	}
	body, err := readBody(c)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	if subtle.ConstantTimeCompare([]byte(base64.StdEncoding.EncodeToString(sum[:])), []byte(signed)) != 1 {
		return nil, fmt.Errorf("%w: the body has another hash", errUnsigned)
	}
	if kind, _, err := mime.ParseMediaType(c.GetHeader("Content-Type")); err != nil || kind != "application/json" {
		return nil, errMediaType
	}
	return body, nil
}

// signedHash returns the hash that the signature is about. No exp is asked for, and none looked at: FusionAuth may send
// again much later, and an old event does no harm.
func (w *Webhook) signedHash(r *http.Request) (string, error) {
	values := r.Header[http.CanonicalHeaderKey(SignatureHeader)]
	if len(values) != 1 {
		return "", fmt.Errorf("%w: %d signatures", errUnsigned, len(values))
	}
	payload, err := auth.OpenJWS(r.Context(), w.cfg.Keys, values[0])
	if refusal, refused := errors.AsType[auth.Refusal](err); refused {
		return "", fmt.Errorf("%w: %w", errUnsigned, refusal)
	}
	if err != nil {
		return "", fmt.Errorf("check signature of event: %w", err)
	}
	claims, err := parseDocument([]byte(payload), hashClaim)
	if err != nil {
		return "", fmt.Errorf("%w: payload of the signature: %w", errUnsigned, err)
	}
	signed, err := claims.id(hashClaim)
	if err != nil || signed == "" {
		return "", fmt.Errorf("%w: no %s", errUnsigned, hashClaim)
	}
	return signed, nil
}

func readBody(c *gin.Context) ([]byte, error) {
	if c.Request.ContentLength > maxBody {
		return nil, errTooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, errTooLarge
	}
	if err != nil {
		return nil, fmt.Errorf("%w: read body: %w", errMalformed, err)
	}
	return body, nil
}
