mbxctl apply --yes --held
mbxctl undo 1 --save undo.plan
mbxctl apply --plan undo.plan
sed -i 's/Corporate 7y/Legal 10y/' manifests/manifest.yaml
