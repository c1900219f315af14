sed 's/MBXDB20/MBXDB02/' manifests/manifest.yaml | sed '/name: again/,$d' > as-it-was
mv manifests edited; mkdir manifests; mv as-it-was manifests/manifest.yaml
mbxctl apply --yes
rm -r manifests; mv edited manifests
