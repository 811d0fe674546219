# Sourced by demo-image.sh and tests/critest/images: OCI layouts made of tar files; the same inputs give the same digests.

# oci_image LAYOUT REFERENCE CONFIG LAYER.tar...: writes a layout with one image; CONFIG is the JSON of the image's "config".
oci_image() {
    layout=$1 reference=$2 config_members=$3
    shift 3
    mkdir -p "$layout/blobs/sha256"
    diff_ids='' layers=''
    for tar in "$@"; do
        diff_ids=$diff_ids${diff_ids:+,}\"sha256:$(digest "$tar")\"
        gzip -n -6 -c "$tar" >"$layout/layer"
        layers="$layers${layers:+,}{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",$(blob "$layout/layer")}"
    done

    printf '{"architecture":"%s","os":"linux","config":%s,"rootfs":{"type":"layers","diff_ids":[%s]}}' \
        "$(dpkg --print-architecture)" "$config_members" "$diff_ids" >"$layout/config"
    printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json",%s},"layers":[%s]}' \
        "$(blob "$layout/config")" "$layers" >"$layout/manifest"
    printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",%s,"annotations":{"org.opencontainers.image.ref.name":"%s"}}]}' \
        "$(blob "$layout/manifest")" "$reference" >"$layout/index.json"
    printf '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
}

# layer DIRECTORY LAYER.tar
layer() {
    tar -C "$1" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$2" .
}

digest() {
    sha256sum "$1" | cut -d ' ' -f 1
}

# blob FILE: moves it among the blobs; prints the members of its descriptor.
blob() {
    hex=$(digest "$1")
    printf '"digest":"sha256:%s","size":%s' "$hex" "$(stat -c %s "$1")"
    mv "$1" "$(dirname "$1")/blobs/sha256/$hex"
}
