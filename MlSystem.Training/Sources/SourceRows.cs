using MlSystem.Training.Clients;
using MlSystem.Training.Data;

namespace MlSystem.Training.Sources;

/// <summary>What a source gives.</summary>
/// <param name="Rows">Entity columns, <c>event_timestamp</c>, the label and the features, in canonical form and order.</param>
/// <param name="Service">The inputs with their datatypes and the entity columns; a real feature service where <paramref name="IsBound"/>.</param>
/// <param name="IsBound">Whether serving may look inputs up in that feature service.</param>
public sealed record SourceRows(RowTable Rows, FeatureService Service, bool IsBound);
