package admin

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"storefront/fusionauth/internal/idp"
	"storefront/fusionauth/internal/keyring"
)

// view is the state as page and API show it. It holds no password, secret, token or cookie: sessions have made-up ids, refresh
// tokens the ids by which FusionAuth's own API knows them, keys the thumbprints of their public halves.
type view struct {
	Issuer        string          `json:"issuer"`
	Skew          string          `json:"skew"`
	Users         []userView      `json:"users"`
	Sessions      []grantView     `json:"sessions"`
	RefreshTokens []grantView     `json:"refreshTokens"`
	Keys          []keyring.Entry `json:"keys"`
	Faults        []faultView     `json:"faults"`
	Routes        []string        `json:"routes"`
}

type userView struct {
	ID     string              `json:"id"`
	Email  string              `json:"email"`
	Active bool                `json:"active"`
	Roles  map[string][]string `json:"roles"` // by the name of the application

	Registrations []registrationView `json:"registrations"`
}

// registrationView is a user in one application, with every role that there is to have.
type registrationView struct {
	ApplicationID string     `json:"applicationId"`
	Application   string     `json:"application"`
	Roles         []roleView `json:"roles"`
}

type roleView struct {
	Name string `json:"name"`
	Has  bool   `json:"has"`
}

// grantView is a session or a refresh token; a session belongs to no application.
type grantView struct {
	ID            string    `json:"id"`
	UserID        string    `json:"userId"`
	ApplicationID string    `json:"applicationId,omitempty"`
	Scope         []string  `json:"scope,omitempty"`
	Since         time.Time `json:"since"`
}

type faultView struct {
	Route   string `json:"route"`
	Delay   string `json:"delay"`
	Status  int    `json:"status"`
	Garbage bool   `json:"garbage"`
	Times   int    `json:"times"`
}

// state serves GET /admin/api/state.
func (a *admin) state(w http.ResponseWriter, _ *http.Request) {
	respond(w, http.StatusOK, viewOf(a.idp.State()))
}

func viewOf(s idp.State) view {
	v := view{
		Issuer: s.Issuer, Skew: s.Skew.String(), Keys: s.Keys, Routes: s.Routes,
		Users: []userView{}, Sessions: []grantView{}, RefreshTokens: []grantView{}, Faults: []faultView{},
	}
	for _, u := range s.Users {
		v.Users = append(v.Users, viewOfUser(u))
	}
	for _, session := range s.Sessions {
		v.Sessions = append(v.Sessions, grantView{ID: session.ID, UserID: session.Login.UserID, Since: session.Login.At})
	}
	for _, t := range s.RefreshTokens {
		v.RefreshTokens = append(v.RefreshTokens, grantView{
			ID: t.ID, UserID: t.Login.UserID, ApplicationID: t.ApplicationID, Scope: t.Scope, Since: t.Created,
		})
	}
	for _, route := range slices.Sorted(maps.Keys(s.Faults)) {
		f := s.Faults[route]
		v.Faults = append(v.Faults, faultView{Route: route, Delay: f.Delay.String(), Status: f.Status, Garbage: f.Garbage, Times: f.Times})
	}
	return v
}

func viewOfUser(u idp.UserState) userView {
	v := userView{ID: u.ID, Email: u.Email, Active: u.Active, Roles: map[string][]string{}, Registrations: []registrationView{}}
	for _, r := range u.Registrations {
		v.Roles[r.Application] = append([]string{}, r.Roles...)
		registration := registrationView{ApplicationID: r.ApplicationID, Application: r.Application}
		for _, name := range r.Known {
			registration.Roles = append(registration.Roles, roleView{Name: name, Has: slices.Contains(r.Roles, name)})
		}
		v.Registrations = append(v.Registrations, registration)
	}
	return v
}

// grantTable is one of the page's two tables of grants.
type grantTable struct {
	Title string
	Rows  []grantView
}

// Table names rows, for the page's template.
func (view) Table(title string, rows []grantView) grantTable { return grantTable{title, rows} }
