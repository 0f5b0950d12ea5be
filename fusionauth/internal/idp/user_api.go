package idp

import (
	"errors"
	"net/http"
	"strings"
)

// deleteUser serves DELETE /api/user/{id}: it deactivates, and with hardDelete=true deletes.
func (h *Handler) deleteUser(w http.ResponseWriter, r *http.Request) {
	id := strings.ToLower(r.PathValue("id"))
	var err error
	switch hard := r.URL.Query().Get("hardDelete"); hard {
	case "", "false":
		err = h.setActive(infoOf(r), id, false)
	case "true":
		err = h.deleteAccount(infoOf(r), id)
	default:
		badField(w, "hardDelete", "invalid", "The hardDelete parameter must be true or false.")
		return
	}
	answerChange(w, err)
}

// reactivateUser serves PUT /api/user/{id}?reactivate=true; the rest of that API, which changes a user's data, is not served.
func (h *Handler) reactivateUser(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("reactivate") != "true" {
		badField(w, "reactivate", "missing", "This server changes no user's data: the reactivate parameter must be true.")
		return
	}
	id := strings.ToLower(r.PathValue("id"))
	if err := h.setActive(infoOf(r), id, true); err != nil {
		answerChange(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"user": h.told(id)})
}

// registrationBody is the body and the answer of PUT and PATCH /api/user/registration/{id}.
type registrationBody struct {
	Registration struct {
		ApplicationID string    `json:"applicationId"`
		Roles         *[]string `json:"roles"`
	} `json:"registration"`
}

// updateRegistration serves PUT, which replaces a registration, and PATCH, which leaves alone what it does not name. Of a registration
// there is nothing here but its roles.
func (h *Handler) updateRegistration(w http.ResponseWriter, r *http.Request) {
	var body registrationBody
	if !readJSON(w, r, &body) {
		return
	}
	userID, appID := strings.ToLower(r.PathValue("id")), strings.ToLower(body.Registration.ApplicationID)
	if appID == "" {
		badField(w, "registration.applicationId", "missing", "You must specify the registration.applicationId property.")
		return
	}
	var roles []string
	switch given := body.Registration.Roles; {
	case given != nil:
		roles = *given
	case r.Method == http.MethodPatch:
		roles = h.rolesOf(userID, appID)
	}
	now, err := h.setRoles(infoOf(r), userID, appID, roles)
	if err != nil {
		answerChange(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]registrationJSON{"registration": registrationOf(now)})
}

func (h *Handler) rolesOf(userID, appID string) []string {
	u, known := h.users.find(userID)
	if !known {
		return nil
	}
	registration, _ := u.registration(appID)
	return registration.Roles
}

// deleteRegistration serves DELETE /api/user/registration/{id}/{applicationId}.
func (h *Handler) deleteRegistration(w http.ResponseWriter, r *http.Request) {
	answerChange(w, h.unregister(infoOf(r), strings.ToLower(r.PathValue("id")), strings.ToLower(r.PathValue("applicationId"))))
}

// answerChange ends a request to change an account.
func answerChange(w http.ResponseWriter, err error) {
	switch {
	case err == nil:
		empty(w, http.StatusOK)
	case errors.Is(err, ErrNoUser), errors.Is(err, ErrNoRegistration):
		empty(w, http.StatusNotFound)
	case errors.Is(err, ErrNoRole):
		badField(w, "registration.roles", "invalid", "The registration.roles property holds a role that the application does not have.")
	default:
		empty(w, http.StatusInternalServerError)
	}
}
