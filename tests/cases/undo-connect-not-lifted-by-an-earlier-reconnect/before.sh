cp manifests/manifest.yaml edited
sed -i '/allow/d' manifests/manifest.yaml
mbxctl apply --yes
mv edited manifests/manifest.yaml
mbxctl apply --yes
mbxctl undo 1 --save undo.plan
mbxctl apply --plan undo.plan
