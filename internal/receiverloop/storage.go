// SPDX-License-Identifier: Apache-2.0

package receiverloop

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// OpenStorage opens what the extension with an id keeps for a receiver, whose setting "storage" names the extension. Without an id there is
// nothing: the client is nil.
func OpenStorage(ctx context.Context, host component.Host, id *component.ID, receiver component.ID) (storage.Client, error) {
	if id == nil {
		return nil, nil //nolint:nilnil // There is none.
	}
	found, exists := host.GetExtensions()[*id]
	if !exists {
		return nil, fmt.Errorf(`"storage": extension %q is not among "service::extensions"`, id)
	}
	extension, stores := found.(storage.Extension)
	if !stores {
		return nil, fmt.Errorf(`"storage": extension %q is no storage extension`, id)
	}
	client, err := extension.GetClient(ctx, component.KindReceiver, receiver, "")
	if err != nil {
		return nil, fmt.Errorf(`"storage": open extension %q: %w`, id, err)
	}
	return client, nil
}
