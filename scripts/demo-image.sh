# Sourced by run: the demo image, made of Debian's static busybox and a page; the same inputs give the same digests.

# demo_image DIRECTORY: writes an OCI layout there, with the image as "demo".
demo_image() {
    layout=$1
    rootfs=$layout.rootfs
    rm -rf "$layout" "$rootfs"
    mkdir -p "$layout/blobs/sha256" "$rootfs/bin" "$rootfs/etc" "$rootfs/www" "$rootfs/tmp"
    cp /bin/busybox "$rootfs/bin/busybox"
    for applet in sh httpd hostname ls cat ps wget ip top env id sleep date; do
        ln -s busybox "$rootfs/bin/$applet"
    done
    echo 'root:x:0:0:root:/:/bin/sh' >"$rootfs/etc/passwd"
    echo 'Hello from a pod on Crisp.' >"$rootfs/www/index.html"
    cat >"$rootfs/bin/serve" <<'SERVE'
#!/bin/sh
echo "pod $(hostname): serving /www on port 8080"
exec httpd -f -v -p 8080 -h /www
SERVE
    chmod 755 "$rootfs/bin/serve"

    tar -C "$rootfs" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$layout/layer.tar" .
    diff_id=sha256:$(digest "$layout/layer.tar")
    gzip -n -6 "$layout/layer.tar"
    rm -rf "$rootfs"
    layer=$(blob "$layout/layer.tar.gz")

    printf '{"architecture":"%s","os":"linux","config":{"Env":["PATH=/bin"],"Entrypoint":["/bin/serve"],"ExposedPorts":{"8080/tcp":{}}},"rootfs":{"type":"layers","diff_ids":["%s"]}}' \
        "$(dpkg --print-architecture)" "$diff_id" >"$layout/config"
    config=$(blob "$layout/config")
    printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json",%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip",%s}]}' \
        "$config" "$layer" >"$layout/manifest"
    manifest=$(blob "$layout/manifest")
    printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",%s,"annotations":{"org.opencontainers.image.ref.name":"demo"}}]}' \
        "$manifest" >"$layout/index.json"
    printf '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
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
