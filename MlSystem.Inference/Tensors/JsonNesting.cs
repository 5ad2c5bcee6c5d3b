using System.Runtime.CompilerServices;
using System.Text.Json;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Tensors;

/// <summary>Walks the elements of a flat or nested JSON array and checks that nested arrays have the lengths that the shape says.</summary>
internal struct JsonNesting
{
    private readonly string _name;
    private readonly Lengths _shape;
    private readonly int _rank;
    private Lengths _lengths;
    private int _depth = 1;
    private int _leafDepth;

    public JsonNesting(string name, ReadOnlySpan<long> shape)
    {
        _name = name;
        _rank = shape.Length;
        shape.CopyTo(_shape);
    }

    /// <summary>Advances to the next element; false at the end of the outermost array.</summary>
    public bool MoveToElement(ref Utf8JsonReader json)
    {
        while (json.Read())
        {
            switch (json.TokenType)
            {
                case JsonTokenType.StartArray:
                    Open();
                    break;
                case JsonTokenType.EndArray:
                    if (Close())
                    {
                        return false;
                    }

                    break;
                default:
                    // An element inside the innermost array, whose depth the first element decides.
                    if (_depth != _leafDepth)
                    {
                        BeginLeaves();
                    }

                    _lengths[_depth - 1]++;
                    return true;
            }
        }

        // The reader holds the whole body, so it throws before it runs out of tokens.
        throw InferenceException.Invalid($"input '{_name}': data ends early");
    }

    private void Open()
    {
        if (_depth == _leafDepth || _depth >= _rank)
        {
            throw Ragged();
        }

        _lengths[_depth - 1]++;
        _lengths[_depth++] = 0;
    }

    private bool Close()
    {
        var nested = _leafDepth > 1 || _depth > 1;
        if (nested && _lengths[_depth - 1] != _shape[_depth - 1])
        {
            throw Ragged();
        }

        return --_depth == 0;
    }

    private void BeginLeaves()
    {
        if (_leafDepth != 0 || (_depth != 1 && _depth != _rank))
        {
            throw Ragged();
        }

        _leafDepth = _depth;
    }

    private readonly InferenceException Ragged() =>
        InferenceException.Invalid($"input '{_name}': data must be flat or nested as its shape {TensorShape.Text(((ReadOnlySpan<long>)_shape)[.._rank])} says");

    [InlineArray(TensorShape.MaxRank)]
    private struct Lengths
    {
        private long _first;
    }
}
