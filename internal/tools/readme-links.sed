# mdatagen's README block links to upstream's repositories; these are this project's places.
s#^| \[Code Owners\]([^)]*)#| [Code Owners](../../CONTRIBUTING.md)#
s#^\[tracecore\]: *$#[tracecore]: ../../builder-config.yaml#
