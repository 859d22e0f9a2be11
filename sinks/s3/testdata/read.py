"""Prints a Parquet file as lines of JSON: what it is, then its rows without nulls."""
import json
import sys

import pyarrow
import pyarrow.parquet

file = pyarrow.parquet.ParquetFile(sys.argv[1])
table = file.read()
print(json.dumps({
    "created_by": file.metadata.created_by,
    "row_groups": file.metadata.num_row_groups,
    "columns": [[f.name, str(f.type), f.nullable, str(file.schema.column(i).logical_type)] for i, f in enumerate(table.schema)],
}))
for i, field in enumerate(table.schema):
    if pyarrow.types.is_timestamp(field.type):
        # As it is stored: Python knows no year 0.
        table = table.set_column(i, field.name, table.column(i).cast(pyarrow.int64()))
for row in table.to_pylist():
    print(json.dumps({name: value.decode() if isinstance(value, bytes) else value for name, value in row.items() if value is not None}))
