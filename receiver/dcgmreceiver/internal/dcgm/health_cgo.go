// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"context"

	"github.com/NVIDIA/go-dcgm/pkg/dcgm"
)

// WatchHealth implements [Health].
func (s *source) WatchHealth(ctx context.Context, group *Group, systems HealthSystems) error {
	_, err := onLink(ctx, s, "watch health", func() (struct{}, error) {
		return struct{}{}, dcgm.HealthSet(groupHandle(group), dcgm.HealthSystem(systems))
	})
	return err
}

// CheckHealth implements [Health].
func (s *source) CheckHealth(ctx context.Context, group *Group) ([]Incident, error) {
	return onLink(ctx, s, "check health", func() ([]Incident, error) { return checkHealth(group) })
}

func checkHealth(group *Group) ([]Incident, error) {
	response, err := dcgm.HealthCheck(groupHandle(group))
	if err != nil {
		return nil, err
	}
	incidents := make([]Incident, len(response.Incidents))
	for i := range incidents {
		incidents[i] = incidentOf(&response.Incidents[i])
	}
	return incidents, nil
}

func incidentOf(i *dcgm.Incident) Incident {
	return Incident{
		Entity:  entityOf(i.EntityInfo),
		System:  HealthSystems(i.System), //nolint:gosec // 32 bits wide in DCGM.
		Result:  HealthResult(i.Health),  //nolint:gosec // There are three.
		Code:    int(i.Error.Code),       //nolint:gosec // 32 bits wide in DCGM.
		Message: i.Error.Message,
		Meta:    errorMetaOf(i.Error.Code),
	}
}

func errorMetaOf(code dcgm.HealthCheckErrorCode) ErrorMeta {
	meta := dcgm.GetErrorMeta(code)
	if meta == nil {
		return ErrorMeta{}
	}
	return ErrorMeta{Severity: nameOf(errorSeverities[:], int(meta.Severity)), Category: nameOf(errorCategories[:], int(meta.Category)), NextStep: meta.Suggestion}
}
