package login

import (
	"errors"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/session"
)

// Sessions gives the sessions of whoever has the request's session, the newest login first, and which of them that is. Without a session
// there are none.
func (l *Login) Sessions(c *gin.Context) (all []session.Current, here session.Key, err error) {
	current, err := session.From(c)
	if errors.Is(err, session.ErrNone) {
		return nil, here, nil
	}
	if err != nil {
		return nil, here, err
	}
	all, err = l.cfg.Store.OfUser(c.Request.Context(), current.Subject)
	return all, current.Key, err
}

// EndSession ends one session of whoever has the request's session, by its public handle, and revokes its refresh token. A handle that
// names none of theirs, or one that has ended already, is no error: it is gone.
func (l *Login) EndSession(c *gin.Context, handle string) error {
	all, _, err := l.Sessions(c)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Key.Handle() != handle {
			continue
		}
		if err := l.cfg.Store.Delete(c.Request.Context(), s.Key); err != nil {
			return err
		}
		l.forget(c, s.RefreshToken)
	}
	return nil
}
