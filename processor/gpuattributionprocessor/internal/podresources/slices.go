// SPDX-License-Identifier: Apache-2.0

package podresources

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// maxSlices bounds an answer of the API server.
const maxSlices = 32 << 20

// Slices lists resource slices at the API server: client-go, which does so too, would add 25 MB to every binary.
type Slices struct {
	endpoint, tokenFile, caFile string
}

// NewSlices returns a client with a service account's token, which is read for each request.
func NewSlices(endpoint, tokenFile, caFile string) *Slices {
	return &Slices{endpoint: strings.TrimSuffix(endpoint, "/"), tokenFile: tokenFile, caFile: caFile}
}

// sliceList has what is needed of resource.k8s.io/v1 ResourceSliceList.
type sliceList struct {
	Metadata struct {
		Continue string `json:"continue"`
	} `json:"metadata"`
	Items []struct {
		Spec struct {
			Driver string `json:"driver"`
			Pool   struct {
				Name string `json:"name"`
			} `json:"pool"`
			Devices []struct {
				Name       string `json:"name"`
				Attributes map[string]struct {
					String *string `json:"string"`
				} `json:"attributes"`
			} `json:"devices"`
		} `json:"spec"`
	} `json:"items"`
}

// List returns UUIDs by driver, pool and device.
func (s *Slices) List(ctx context.Context) (map[[3]string]string, error) {
	client, err := s.client()
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	uuids := map[[3]string]string{}
	for next, pages := "", 0; pages < 100; pages++ {
		page, err := s.page(ctx, client, next)
		if err != nil {
			return nil, err
		}
		page.collect(uuids)
		if next = page.Metadata.Continue; next == "" {
			return uuids, nil
		}
	}
	return uuids, errors.New("more than 100 pages")
}

func (l *sliceList) collect(uuids map[[3]string]string) {
	for _, item := range l.Items {
		for _, device := range item.Spec.Devices {
			for _, key := range []string{"uuid", item.Spec.Driver + "/uuid"} {
				if uuid := device.Attributes[key].String; uuid != nil {
					uuids[[3]string{item.Spec.Driver, item.Spec.Pool.Name, device.Name}] = *uuid
				}
			}
		}
	}
}

func (s *Slices) client() (*http.Client, error) {
	authority, err := os.ReadFile(s.caFile)
	if err != nil {
		return nil, fmt.Errorf("read ca_file: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("read ca_file: %s has no certificate", s.caFile)
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}, nil
}

func (s *Slices) page(ctx context.Context, client *http.Client, next string) (*sliceList, error) {
	token, err := os.ReadFile(s.tokenFile)
	if err != nil {
		return nil, fmt.Errorf("read token_file: %w", err)
	}
	query := url.Values{"limit": {"500"}}
	if next != "" {
		query.Set("continue", next)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.endpoint+"/apis/resource.k8s.io/v1/resourceslices?"+query.Encode(), http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	request.Header.Set("Accept", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // What was read counts.
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get resource slices: the API server answers %s", response.Status)
	}
	var list sliceList
	if err := json.NewDecoder(io.LimitReader(response.Body, maxSlices)).Decode(&list); err != nil {
		return nil, fmt.Errorf("decode resource slices: %w", err)
	}
	return &list, nil
}
