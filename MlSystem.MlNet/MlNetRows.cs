using Microsoft.ML;
using Microsoft.ML.Data;

namespace MlSystem.MlNet;

/// <summary>A pipeline bound to a row that moves over the rows of requests. Not safe for concurrent callers.</summary>
public sealed class MlNetRows : IDisposable
{
    private readonly InputRow _input;
    private readonly DataViewRow _mapped;
    private readonly List<Action<IRowWriter, int>> _outputs;

    internal MlNetRows(IRowToRowMapper mapper, InputRow input, IReadOnlyList<Output> outputs)
    {
        _input = input;
        _mapped = mapper.GetRow(input, [.. outputs.Select(output => mapper.OutputSchema[output.Column]).DistinctBy(column => column.Index)]);
        _outputs = [.. outputs.Select((output, i) => output.Bind(_mapped, mapper.OutputSchema[output.Column], i))];
    }

    /// <summary>Predicts all rows of a request.</summary>
    public void Predict(int rows, IRowReader reader, IRowWriter writer)
    {
        _input.Reader = reader;
        for (var row = 0; row < rows; row++)
        {
            _input.MoveTo(row);
            foreach (var output in _outputs)
            {
                output(writer, row);
            }
        }
    }

    public void Dispose()
    {
        _mapped.Dispose();
        _input.Dispose();
    }
}
