# Sourced by run: the demo image, made of Debian's static busybox and a page; the same inputs give the same digests.
. scripts/oci-image.sh

# demo_image DIRECTORY: writes an OCI layout there, with the image as "demo".
demo_image() {
    rootfs=$1.rootfs
    rm -rf "$1" "$rootfs"
    mkdir -p "$rootfs/bin" "$rootfs/etc" "$rootfs/www" "$rootfs/tmp"
    cp /bin/busybox "$rootfs/bin/busybox"
    for applet in sh httpd hostname ls cat ps wget ip top env id sleep date true seq; do
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

    layer "$rootfs" "$rootfs.tar"
    oci_image "$1" demo '{"Env":["PATH=/bin"],"Entrypoint":["/bin/serve"],"ExposedPorts":{"8080/tcp":{}}}' "$rootfs.tar"
    rm -rf "$rootfs" "$rootfs.tar"
}
