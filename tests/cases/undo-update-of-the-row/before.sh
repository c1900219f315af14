mbxctl apply --yes --held
mbxctl undo 1 --save undo.plan
mbxctl apply --plan undo.plan
