package revocation

import (
	"cmp"
	"errors"
	"time"
)

// The types of event that take something back. All others are no business of ours.
const (
	tokenRevoke        = "jwt.refresh-token.revoke" //nolint:gosec // the name of an event
	userDeactivate     = "user.deactivate"
	userDelete         = "user.delete"
	registrationUpdate = "user.registration.update"
	registrationDelete = "user.registration.delete"
)

// event is what one message of FusionAuth says, as far as it matters here.
type event struct {
	kind    string
	id      string
	created time.Time     // createInstant
	life    time.Duration // of the application's access tokens; 0 when the event does not say
	subject string        // "" is every user of the application
	token   string        // the one refresh token; "" is all of them
	ours    bool          // takes something back that is of our application
}

// lastInstant is the end of the year 9999 in milliseconds.
const lastInstant = 253402300799999

// parseEvent reads the body of a message. Errors tell what is wrong, and repeat nothing of what the body says.
func parseEvent(body []byte, clientID string) (event, error) {
	document, err := parseDocument(body, "event")
	if err != nil {
		return event{}, err
	}
	o, err := document.inner("event", "type", "id", "createInstant", "applicationId", "applicationTimeToLiveInSeconds",
		"userId", "user", "refreshToken", "registration")
	if err != nil {
		return event{}, err
	}
	var e event
	kind, err1 := o.id("type")
	id, err2 := o.id("id")
	created, err3 := o.count("createInstant")
	if err := errors.Join(err1, err2, err3); err != nil {
		return event{}, err
	}
	if kind == "" || id == "" || created == 0 || created > lastInstant {
		return event{}, errors.New("event has no type, id or createInstant")
	}
	e.kind, e.id, e.created = kind, id, time.UnixMilli(created)
	return e, e.read(o, clientID)
}

// read fills in what the event takes back, by its type.
func (e *event) read(o object, clientID string) (err error) {
	switch e.kind {
	case tokenRevoke:
		return e.readTokens(o, clientID)
	case userDeactivate, userDelete:
		e.ours = true
		return e.readUser(o)
	case registrationUpdate, registrationDelete:
		return e.readRegistration(o, clientID)
	default:
		return nil
	}
}

// readTokens tells the three shapes apart: a refresh token of a user, all of a user, all of an application.
func (e *event) readTokens(o object, clientID string) error {
	application, err1 := o.id("applicationId")
	lives, err2 := o.inner("applicationTimeToLiveInSeconds", clientID)
	refresh, err3 := o.inner("refreshToken", "id")
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	life, err1 := lives.count(clientID)
	token, err2 := refresh.id("id")
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	e.life, e.token = time.Duration(min(life, int64(MaxTokenLife/time.Second)))*time.Second, token
	// Without an application it is about all of them.
	e.ours = application == "" || application == clientID
	if o.has("refreshToken") && token == "" {
		return errors.New("refreshToken has no id")
	}
	// Only an event that names no user at all is about everyone.
	if !o.has("refreshToken") && !o.has("userId") && !o.has("user") && application != "" {
		return nil
	}
	return e.readUser(o)
}

func (e *event) readUser(o object) error {
	user, err1 := o.inner("user", "id")
	outer, err2 := o.id("userId")
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	inner, err := user.id("id")
	if err != nil {
		return err
	}
	if e.subject = cmp.Or(outer, inner); e.subject == "" {
		return errors.New("event has no user")
	}
	return nil
}

// readRegistration: the application stands beside the registration, within it, or in both places.
func (e *event) readRegistration(o object, clientID string) error {
	registration, err1 := o.inner("registration", "applicationId")
	outer, err2 := o.id("applicationId")
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	inner, err := registration.id("applicationId")
	if err != nil {
		return err
	}
	if outer == "" && inner == "" {
		return errors.New("registration has no applicationId")
	}
	e.ours = outer == clientID || inner == clientID
	return e.readUser(o)
}

// whom is the name under which what the event takes back is listed.
func (e *event) whom(clientID string) Digest {
	switch {
	case e.token != "":
		return hash(ofToken, e.token)
	case e.subject != "":
		return hash(ofUser, e.subject)
	default:
		return hash(ofApplication, clientID)
	}
}
