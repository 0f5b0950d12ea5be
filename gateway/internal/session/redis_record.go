package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"storefront/gateway/internal/sealed"
)

// recordFormat is the first byte of what is sealed. It is raised when older releases would misread what follows; one more field is
// no reason.
const recordFormat = 1

func (s *Redis) seal(name string, r Record) ([]byte, error) {
	text, err := json.Marshal(r) //nolint:gosec // tokens are what is sealed
	if err != nil {
		return nil, fmt.Errorf("seal session: %w", err)
	}
	return s.box.Seal(append([]byte{recordFormat}, text...), []byte(name)), nil
}

// read makes a record of a session's fields record and used. ErrNone is what is not there, has ended, or cannot be opened; a newer
// release's record is kept for it, and nobody can tell whose it is.
func (s *Redis) read(key Key, fields []any) (r Record, used time.Time, err error) {
	envelope, there := fields[0].(string)
	if !there {
		return r, used, ErrNone
	}
	if r, err = s.open(key, envelope); err != nil {
		return Record{}, used, err
	}
	text, _ := fields[1].(string)
	ms, _ := strconv.ParseInt(text, 10, 64)
	used = time.UnixMilli(ms)
	if now := s.now(); !now.Before(r.Expires) || now.Sub(used) >= s.idle {
		return Record{}, used, ErrNone
	}
	return r, used, nil
}

func (s *Redis) open(key Key, envelope string) (r Record, err error) {
	plain, err := s.box.Open([]byte(envelope), []byte(sessionName(key)))
	if err != nil && !errors.Is(err, sealed.ErrVersion) {
		s.log.Warn("session cannot be opened", "session", key.Handle(), "err", err)
		return r, ErrNone
	}
	text, known := bytes.CutPrefix(plain, []byte{recordFormat})
	if err != nil || !known {
		return r, fmt.Errorf("%w: session %s: %w", ErrAway, key.Handle(), sealed.ErrVersion)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("%w: session %s: record is not of format %d", ErrAway, key.Handle(), recordFormat)
	}
	return r, nil
}
