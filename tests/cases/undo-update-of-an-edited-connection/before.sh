cp manifests/manifest.yaml edited
sed -i '/alias/d' manifests/manifest.yaml
mbxctl apply --yes --held
mv edited manifests/manifest.yaml
mbxctl apply --yes --held
mbxctl undo 1 --save undo.plan
mbxctl apply --plan undo.plan
